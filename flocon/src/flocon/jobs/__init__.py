"""Tasks and alerts: two kinds of job, which run by themselves.

definitions      what is kept of a task and of an alert, and where
statements       CREATE, ALTER, DROP, EXECUTE, SHOW and DESCRIBE, the same for both
tasks, alerts    what each kind has of its own there, and its functions
task_graph       what a graph of tasks allows, and what comes next in a run of it
scheduler        the thread that starts them
lanes            which are due, and what a run's end changes
runs             what runs have in common
task_runs        a run of a graph of tasks
alert_runs       a run of an alert
history          what histories have in common
task_history, alert_history, task_graph_runs    what is kept of runs, and the functions over it

Their grammar is in `flocon.sql.jobs`.
"""
