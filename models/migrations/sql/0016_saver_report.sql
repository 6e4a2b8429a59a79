-- The report's attempts are found by their time: by case alone, a long history is cheaper to read whole than a year of it.
CREATE INDEX dunning_step_report ON dunning_step (marketplace_id, at) INCLUDE (dunning_case_id, stage, charge_id)
    WHERE channel = 'charge';
