"""Files and malware: what a scanner said of each, whether it may be opened, and asking until there is a verdict."""
