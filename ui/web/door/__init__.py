"""What a request passes before it reaches the page, in this order:

connections  how long a connection may stay silent, and how many one address may hold
bodies       how long a body may take
proxies      which proxies are believed about who the visitor is
guard        other web pages and other host names are refused; headers for every response
signin       the password, before anything else is read
routes       the routes that are open, and how large a body each takes
unread       how many answers may wait to be fetched
uploads      the files that visitors upload, and how they get them back

`offline` keeps Gradio from fetching anything, `output` keeps the operator's terminal clean, and `server`
runs all of it.
"""
