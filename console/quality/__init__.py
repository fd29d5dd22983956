"""How conversations were led: a weekly sample of each agent, reviewed by a weighted form; the agent may answer."""
