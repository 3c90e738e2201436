-- When a run began by the clock of its host, which nobody sets (which start of the machine, milliseconds since then), and
-- how long it took by that.

ALTER TABLE run ADD COLUMN boot INTEGER;
ALTER TABLE run ADD COLUMN boot_ms INTEGER;
ALTER TABLE run ADD COLUMN took_ms INTEGER;
