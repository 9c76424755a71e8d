-- Times are Unix milliseconds, ids and enums are text, lists are JSON arrays.
-- revision: see WriteTransaction.NextRevisionAsync.

create table meta (
    name  text not null primary key,
    value text not null
);

create table counters (
    name  text   not null primary key,
    value bigint not null
);

insert into counters (name, value) values ('revision', 0);

create table regions (
    id        text   not null primary key,
    name      text   not null,
    fallbacks text   not null,
    revision  bigint not null
);

create table chains (
    id                      text    not null primary key,
    name                    text    not null,
    network                 text    not null,
    requires                text    not null,
    block_time_seconds      double precision not null,
    lag_tolerance_blocks    integer not null,
    max_head_age_seconds    double precision,
    integrity_offset_blocks integer,
    path                    text    not null,
    policy                  text,
    primaries               integer,
    request_timeout_ms      integer not null,
    min_eligible            integer,
    enabled                 boolean not null,
    successor               text,
    retired_at              bigint,
    revision                bigint  not null
);

create table chain_aliases (
    alias    text not null primary key,
    chain_id text not null references chains (id)
);

create table providers (
    id             text   not null primary key,
    name           text   not null,
    website        text,
    contact        text,
    payout_address text,
    created_at     bigint not null,
    revision       bigint not null
);

create table altruists (
    id           text    not null primary key,
    provider_id  text    not null references providers (id),
    network      text    not null,
    chains       text    not null,
    regions      text    not null,
    url          text    not null,
    -- The normalised URL that may exist once among the living; null after retirement keeps the history and frees the URL.
    url_key      text    unique,
    urls         text    not null,
    private_url  boolean not null,
    label        text    not null,
    auth         text    not null,
    capabilities text    not null,
    capacity_rps integer,
    tier         integer not null,
    role         text    not null,
    enabled      boolean not null,
    attested     boolean not null,
    created_at   bigint  not null,
    retired_at   bigint,
    revision     bigint  not null
);

create index altruists_revision on altruists (revision);

create table portals (
    id         text   not null primary key,
    name       text   not null,
    created_at bigint not null
);

create table api_keys (
    id          text   not null primary key,
    name        text   not null,
    scope       text   not null,
    provider_id text,
    portal_id   text,
    secret_hash text   not null,
    created_at  bigint not null,
    expires_at  bigint,
    revoked_at  bigint,
    revision    bigint not null
);

create table probes (
    id                bigint  not null generated always as identity primary key,
    altruist_id       text   not null,
    vantage           text   not null,
    lane              text   not null,
    at                bigint not null,
    outcome           text   not null,
    detail            text,
    latency_ms        double precision,
    connect_ms        double precision,
    height            bigint,
    head_time         bigint,
    head_hash         text,
    -- A hot row folds the uneventful probes of one interval; the others stand for themselves.
    probes            integer not null,
    failures          integer not null,
    latency_min_ms    double precision,
    latency_max_ms    double precision
);

create index probes_altruist_id on probes (altruist_id, id);
create index probes_at on probes (at);

create table verdicts (
    altruist_id text   not null,
    vantage     text   not null,
    state       text   not null,
    reason      text   not null,
    since       bigint not null,
    memory      text   not null,
    updated_at  bigint not null,
    primary key (altruist_id, vantage)
);

create table verdict_changes (
    id          bigint  not null generated always as identity primary key,
    altruist_id text   not null,
    vantage     text   not null,
    at          bigint not null,
    from_state  text   not null,
    to_state    text   not null,
    reason      text   not null
);

create index verdict_changes_altruist_id on verdict_changes (altruist_id, id);

create table network_traces (
    network    text   not null primary key,
    trace      text   not null,
    updated_at bigint not null
);

create table overrides (
    id          text    not null primary key,
    kind        text    not null,
    chain_id    text,
    region_id   text,
    altruist_id text,
    provider_id text,
    reason      text    not null,
    note        text,
    expires_at  bigint  not null,
    force       boolean not null,
    revoke      boolean not null,
    created_at  bigint  not null,
    created_by  text    not null,
    deleted_at  bigint,
    revision    bigint  not null
);

create table slots (
    id        integer not null primary key,
    chain_id  text    not null,
    region_id text    not null,
    unique (chain_id, region_id)
);

-- One open session a slot; a session is closed in the transaction that opens the next.
create table sessions (
    id          bigint  not null generated always as identity primary key,
    slot_id     integer not null references slots (id),
    altruist_id text    not null,
    generation  bigint  not null,
    ordinal     integer not null,
    started_at  bigint  not null,
    ended_at    bigint
);

create unique index sessions_open on sessions (slot_id) where ended_at is null;
create index sessions_slot_id on sessions (slot_id, id);
create index sessions_altruist_id on sessions (altruist_id, started_at);

-- The public log: append-only, chained by hash.
create table log_entries (
    origin         text   not null,
    generation     bigint not null,
    trigger        text   not null,
    round          bigint not null,
    is_round       boolean not null,
    scheduled_at   bigint not null,
    at             bigint not null,
    body           bytea,
    body_hash      text   not null,
    previous_hash  text   not null,
    hash           text   not null,
    primary key (origin, generation)
);

create unique index log_entries_round on log_entries (origin, round) where is_round;
create index log_entries_at on log_entries (at);

-- A decision is a slot's part of an entry; ordinal is its place there.
create table log_decisions (
    generation bigint  not null,
    ordinal    integer not null,
    slot_id    integer not null references slots (id),
    primary key (generation, ordinal)
);

create unique index log_decisions_slot_id on log_decisions (slot_id, generation);
