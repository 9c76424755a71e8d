-- The address as it is compared, as users have it: what SQLite calls upper case is that of ASCII alone.
alter table invitations add column email_key text;

update invitations set email_key = upper(email) where email is not null;
