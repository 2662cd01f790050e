"""The paper's tables and figures, rerun: what is compared, the runs, and the tables and pictures of their results."""
