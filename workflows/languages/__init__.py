"""The languages that customers are spoken to in: which one, its words, and how templates and Python say them.

The English sentence is the key; de.po, es.po, fr.po and pt.po beside this file hold the others (`./gatehouse languages`
brings them up to date). The console, the auditor's pages and the API's problems are in English.
"""
