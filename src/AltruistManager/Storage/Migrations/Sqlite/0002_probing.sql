-- The declared probe of a chain whose protocol is json.
alter table chains add column probe text;

-- Encrypted: URLs and credentials, and those of before while changed ones are on trial. Null only in rows of before this migration, whose url, urls and auth
-- are in the open until the next start encrypts them; from then on these three are empty, and url_key is the SHA-256 of the URL.
alter table altruists add column endpoint text;

-- How a changed endpoint does beside the one in service.
create table trials (
    altruist_id text   not null,
    vantage     text   not null,
    state       text   not null,
    updated_at  bigint not null,
    primary key (altruist_id, vantage)
);

-- How many calls the probes of a row made.
alter table probes add column calls integer not null default 1;

-- What a change rests on: the hash of a body in evidence.
alter table verdicts add column evidence text;
alter table verdict_changes add column evidence text;

-- Kept 180 days. The hash is that of the body as it stands here.
create table evidence (
    hash        text   not null primary key,
    altruist_id text   not null,
    at          bigint not null,
    body        text   not null
);

create index evidence_at on evidence (at);

-- The newest result of each check of an altruist that has a pace of its own.
create table checks (
    altruist_id text    not null,
    vantage     text    not null,
    name        text    not null,
    state       text    not null,
    reason      text    not null,
    at          bigint  not null,
    -- Since when the state holds.
    since       bigint  not null,
    -- In a row; what could not be decided counts as neither.
    failures    integer not null,
    passes      integer not null,
    -- Whether it ever passed where it asked. A pass proves a capability, so many failures in a row take it away.
    has_passed  boolean not null,
    warned_at   bigint,
    -- Fingerprint of the URLs that were asked: what was found there says nothing of others.
    place       text    not null,
    primary key (altruist_id, vantage, name)
);
