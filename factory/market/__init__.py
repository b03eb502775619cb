"""Datasets: what a person fixes in a file, the rows behind it checked, stamped and split, and the seal on the last part.

spec             the dataset file; series_spec one series of it; files, contracts and spec_fields hold other parts
contract_checks  what a contract of it may not be
mistakes         what is wrong with a dataset file, in words
series_kinds     what a series may be, one class a kind
sources          where rows come from, one file a provider; downloads gets and finds their files
publication      when a publisher publishes; stitching joins the keys of one series
vintages         what values were before they were revised; vintage_facts says how far that went
recorder         records order books live; recording says what goes to which file, recording_files writes them
readers          files to raw_rows; column_choice says by which columns; texts, numerals and stamps read single cells
books            files of order books to raw_rows, one file a format; book_columns names what they have
inspection       says what files hold before there is a dataset file; series_draft gathers the keys, labels and file_names know
                 how people name things, questions are what only a person can answer, drafting writes the file
quality          sets wrong rows aside and names them; bar_checks, bar_faults and bar_columns do so for bars
declarations     does to rows what a person declared; grid puts them in their places, months knows those of calendar
                 months; faults are what falsifies trials
sessions         when a market trades, and the bars then; calendars reads it of an exchange, pace says how densely bars lie
series_rows      all that for one series, from all its sources; splices says which of them gives which rows
build            files to a dataset; simulator and book_simulator draw one, templates are to begin with
settlement       how windows end where other rows than their bars decide it
coverage         what share of it is there; overshoot, overshoot_kernels: how far beyond its price a stop fills
funding          which payments of a recorded funding are there, and which are missing
store            writes both halves; staging puts them in place as one
seal_registry    keeps a sealed row from lying open elsewhere; likeness knows one market under two names
catalog          which datasets there are; dataset opens their rows, verification proves them
series           rows in time: Series and Partition, on which all later rooms work

Rooms further down import series, sessions, pace, series_kinds, spec, contracts, catalog, dataset and faults. Tasks, the
vault and commands also build and download; only the vault compares rows by likeness.
"""
