"""The rules of the table, a file a subject: the customer, the queue, the offer, the owner, the clock and so on."""
