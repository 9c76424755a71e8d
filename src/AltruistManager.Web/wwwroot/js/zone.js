// Tells the server in which time zone the reader is, before anything is drawn. It comes before all else in the document, so that the one time it is
// told anew, the page is asked for again unseen.
(() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone) return;
  const told = `zone=${zone}`;
  const isTold = () => document.cookie.split('; ').includes(told);
  // Who has told nothing is told UTC already.
  if (isTold() || (zone === 'UTC' && !document.cookie.includes('zone='))) return;
  document.cookie = `${told}; path=/; max-age=31536000; samesite=lax${location.protocol === 'https:' ? '; secure' : ''}`;
  // Where no cookie is kept, times stay UTC.
  if (isTold()) location.reload();
})();
