"""What operators see: metrics, logs and health.

It is in charge of the names, the labels and what may be shown; it never decides anything and nothing waits for it.
"""
