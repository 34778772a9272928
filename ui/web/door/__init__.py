"""What stands before the page. A request meets, in this order:

connections  how long a connection may say nothing, and how many one address may hold
bodies       how long a body may take
proxies      whose word is taken for who the visitor is
guard        other web pages and other names get nothing; headers for every answer
signin       the password, before anything else is read
routes       what the page answers to, and how large a body each route takes
unread       how many answers may wait to be fetched
uploads      files that visitors bring, and what of them is given back

`offline` keeps Gradio from fetching anything, `output` keeps the operator's terminal clean, and `server`
serves all of it.
"""
