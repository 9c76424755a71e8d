-- People who sign in. email_key is the address as it is compared. The revision is that of the other things that processes keep in memory; it moves with what decides
-- who somebody is and may do, not with each sign-in. version: so that of two changes made on the same reading the second fails.
create table users (
    id                text    not null primary key,
    email             text    not null,
    email_key         text    not null unique,
    password_hash     text,
    security_stamp    text    not null,
    is_staff          boolean not null,
    two_factor        boolean not null,
    -- Encrypted with the key ring.
    authenticator_key text,
    failed_count      integer not null,
    lockout_end       bigint,
    created_at        bigint  not null,
    signed_in_at      bigint,
    disabled_at       bigint,
    version           bigint  not null,
    revision          bigint  not null
);

create index users_revision on users (revision);

create table memberships (
    user_id     text   not null references users (id),
    provider_id text   not null,
    role        text   not null,
    since       bigint not null,
    primary key (user_id, provider_id)
);

create index memberships_provider_id on memberships (provider_id);

create table portal_owners (
    user_id   text   not null references users (id),
    portal_id text   not null,
    since     bigint not null,
    primary key (user_id, portal_id)
);

-- Of a token only its hash is kept. What it gives: one of is_staff, provider_id with role, portal_id.
create table invitations (
    id          text    not null primary key,
    token_hash  text    not null unique,
    email       text,
    is_staff    boolean not null,
    provider_id text,
    role        text,
    portal_id   text,
    created_by  text    not null,
    created_at  bigint  not null,
    expires_at  bigint  not null,
    used_at     bigint,
    used_by     text,
    revoked_at  bigint
);

create index invitations_provider_id on invitations (provider_id);

create table passkeys (
    credential_id text   not null primary key,
    user_id       text   not null references users (id),
    name          text   not null,
    created_at    bigint not null,
    -- What the framework needs to check the next sign-in with it: JSON, nothing secret.
    data          text   not null
);

create index passkeys_user_id on passkeys (user_id);

create table recovery_codes (
    user_id   text not null references users (id),
    code_hash text not null,
    primary key (user_id, code_hash)
);

-- Codes of authenticator apps that were good lately: each is taken once.
create table spent_codes (
    user_id   text   not null references users (id),
    code_hash text   not null,
    at        bigint not null,
    primary key (user_id, code_hash)
);

-- Who a user is at another service that signs people in.
create table logins (
    provider text not null,
    key      text not null,
    name     text,
    user_id  text not null references users (id),
    primary key (provider, key)
);

create index logins_user_id on logins (user_id);
