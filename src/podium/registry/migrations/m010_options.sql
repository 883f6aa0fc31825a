-- An option that nothing ever read.
UPDATE meta SET value = json_remove(value, '$.ask') WHERE key = 'options';
