"""The rules of the table, a file a subject: the customer, the agent, delivery."""
