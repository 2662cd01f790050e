"""The paper's tables and figures, rerun: what is compared, the runs, and the tables and images of their results."""
