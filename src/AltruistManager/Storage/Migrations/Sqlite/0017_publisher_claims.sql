-- Which process publishes to a target of a publisher: one at a time, another once this time is over.
-- doubts: how often a process wrote when its time was over already, so that the target may hold something older than what was confirmed.
create table publisher_claims (
    name     text   not null,
    place    text   not null,
    holder   text   not null,
    until_at bigint not null,
    doubts   bigint not null,
    primary key (name, place)
);
