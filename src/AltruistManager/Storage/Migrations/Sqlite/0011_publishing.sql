-- Who may be told an altruist's URL: portals, or public where its owner lets it be published to everybody.
alter table altruists add column visibility text not null default 'portals';

-- How far each target of a publisher is.
-- place: the machine, where the target is a file on it; else empty. target: a hash of what is published where; another one is another target.
-- memory: what the publisher must know of the target after a restart; holds nothing secret.
create table publisher_states (
    name         text   not null,
    place        text   not null,
    target       text   not null,
    origin       text   not null,
    generation   bigint not null,
    confirmed_at bigint,
    behind_since bigint,
    error        text,
    error_at     bigint,
    memory       text   not null,
    primary key (name, place)
);
