"""The numbers: what the history makes of volume, answers, promises, payments and templates, with definitions."""
