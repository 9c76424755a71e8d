// Asks the browser for a passkey and sends what it gives with the form around the button. Everything else is the server's.
for (const form of document.querySelectorAll('form[data-passkey]')) {
  const problem = form.querySelector('[data-problem]');
  if (!window.PublicKeyCredential?.parseCreationOptionsFromJSON) {
    problem.textContent = 'This browser has no passkeys here.';
    problem.hidden = false;
  }
  form.addEventListener('submit', async (event) => {
    if (form.elements['Input.Credential'].value) return;
    event.preventDefault();
    problem.hidden = true;
    try {
      const options = JSON.parse(form.dataset.options);
      const credential = form.dataset.passkey === 'new'
        ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
        : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
      form.elements['Input.Credential'].value = JSON.stringify(credential);
      form.submit();
    } catch (error) {
      problem.textContent = error.name === 'NotAllowedError' ? 'No passkey was given.' : `The passkey could not be used: ${error.message}`;
      problem.hidden = false;
    }
  });
}
