-- What was refused is looked for alone, and is little of a long trail.
create index audit_outcome on audit (outcome, id);
