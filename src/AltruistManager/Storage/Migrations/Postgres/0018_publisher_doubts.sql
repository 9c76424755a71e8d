-- How often it had been doubted, when the state was confirmed, that the target has it: with more doubts in publisher_claims it is not known what the target has.
alter table publisher_states add column doubts bigint not null default 0;
