-- The address as it is compared, as users have it. Databases agree on upper case in ASCII alone: for one beyond it the service finds out when the invitation is opened.
alter table invitations add column email_key text;

update invitations set email_key = upper(email) where octet_length(email) = length(email);
