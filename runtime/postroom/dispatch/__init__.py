"""Who gets the work: queues find agents, agents say they are ready."""
