-- Probes of an altruist are found span by span (five minutes). An index by altruist alone has a place of its own for each row of a sweep, all over a history
-- that outgrows every cache; so the rows of a sweep stand together, and storing them costs the same however long the history is.
drop index probes_altruist_id;
create index probes_span_altruist on probes ((at / 300000), altruist_id);
