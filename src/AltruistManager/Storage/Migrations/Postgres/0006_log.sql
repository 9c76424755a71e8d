-- Base64; null in entries of before the first signing key.
alter table log_entries add column signature text;

drop index log_entries_at;
create index log_entries_kept on log_entries (generation) where body is not null;

-- Who signed: the public key (base64 of its SubjectPublicKeyInfo) in use from an entry on, until the next one.
create table log_keys (
    origin          text   not null,
    from_generation bigint not null,
    public_key      text   not null,
    primary key (origin, from_generation)
);

-- The private signing key, encrypted by the key ring, shared by all instances; the newest is in use.
create table signing_keys (
    secret     text   not null primary key,
    created_at bigint not null
);
