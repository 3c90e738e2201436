-- What the first fact after the cut is chained to.
ALTER TABLE store ADD COLUMN cut_hash BLOB;
