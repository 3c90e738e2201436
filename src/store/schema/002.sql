-- The supervisor verifies, and a run has one state. What an older program left in between is closed as far as it is known.

DROP INDEX run_open;

ALTER TABLE run ADD COLUMN checks TEXT;

UPDATE run SET checks = CASE verdict
    WHEN 'verified' THEN 'good' WHEN 'not_recovered' THEN 'bad'
    WHEN 'regressed' THEN 'regressed' WHEN 'inconclusive' THEN 'unknown' END;

DELETE FROM lock WHERE id IN (SELECT id FROM run WHERE state = 'verifying');

UPDATE run SET state = CASE
    WHEN state IN ('starting', 'stopping') THEN 'running'
    WHEN state = 'outcome_unknown' THEN 'unknown'
    WHEN state = 'verifying' AND coalesce(end_state, 'ended') <> 'ended' THEN end_state
    WHEN state IN ('ended', 'verifying') AND signal IS NOT NULL THEN 'killed'
    WHEN state IN ('ended', 'verifying') AND coalesce(exit_code, -1) <> 0 THEN 'failed'
    WHEN state = 'verifying' THEN 'inconclusive'
    WHEN state = 'ended' AND verdict <> 'none' THEN verdict
    ELSE state END;

ALTER TABLE run DROP COLUMN verdict;
ALTER TABLE run DROP COLUMN end_state;
ALTER TABLE run DROP COLUMN verify_for;
ALTER TABLE run DROP COLUMN verify_until;

CREATE INDEX run_open ON run (state) WHERE state IN ('running', 'verifying');
