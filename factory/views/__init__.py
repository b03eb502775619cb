"""What is told: answers for people and agents, made of what the tracker knows; nothing here is recorded but what was looked at.

listing          datasets, features and building blocks that there are
definitions      a pipeline that was defined
trials           a trial: what it earned beside what luck and the market alone would have
interpretation   what its figures mean, in one sentence
breakdowns       where its result came from
cards            its card, read from the workspace
lists            leaderboard, pipelines, calls, ledger
looks            sealed looks
jobs             jobs and their results
proposals        strategy files that were proposed
reviews          what people decided of them
show             any of them by name
summary          the honest summary of a search
reference        the pages of the docs that are made from the registries
"""
