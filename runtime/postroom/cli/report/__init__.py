"""A simulated time as a report: tables on a terminal, and one page of HTML that needs nothing from anywhere."""
