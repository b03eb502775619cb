"""What is told: answers for people and agents, made of what the tracker knows; nothing here is recorded but what was looked at.

listing          datasets, features and building blocks that there are
definitions      a pipeline that was defined
trials           a trial: what it earned beside what luck and the market alone would have
interpretation   what its figures mean, in one sentence
breakdowns       where its result came from
cards            its card, read from the workspace
earnings         how it earned, for a terminal: equity, months, last trades
datasets         a dataset as a person reads it; terms: its contracts in words; dataset_pictures: its series drawn
overview         a workspace at a glance, and what agents do in it now
ledger_rows      rows of the ledger in words
sealed_looks     pools, looks, grants and forward tests, for people
conclusion       what a search came to, also where that is nothing
trial_list       the list of all trials, for people: its columns, a page of it, all of it as a file
comparison       several trials side by side
families         families of trials, and the tree of one
readers          what is left out for an agent who reads
cusum            its CUSUM picture: what the filter does over a window, and what other thresholds would choose
lists            leaderboard, pipelines, calls, ledger
looks            sealed looks
jobs             jobs and their results
proposals        strategy files that were proposed
reviews          what people decided of them
show             any of them by name
summary          the honest summary of a search
reference        the pages of the docs that are made from the registries; reference_texts: what they say around the tables;
                 reference_examples: the dataset files that they show; reference_sessions: of markets that close
"""
