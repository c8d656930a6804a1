"""People decide about drafts in Slack: the question, what becomes of it, and their answers."""
