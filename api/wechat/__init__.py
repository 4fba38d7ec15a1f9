"""Everything that speaks WeChat: one thin client and what stands on it.

Login and phone numbers, the subscribe-message channel, content screening, mini-program codes, and the message push
coming back. Other rooms define ports (screening, channels); `api.wiring` plugs these functions into them.
"""
