-- A retired region has no slots; what happened in it stays. Null while it lives.
alter table regions add column retired_at bigint;
