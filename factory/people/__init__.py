"""Who may open the pages: people with a password and a role, and their signing in and out.

people    people, passwords, roles
sign_ins  who is signed in, and until when

An agent is no person: its token opens no page, and a person's signing in no tool. Importing this room imports SQLAlchemy;
light callers import it where they need it.
"""

from factory.people.people import ROLES, SHORTEST, People, Person
from factory.people.sign_ins import SignIn, SignIns

__all__ = ["ROLES", "SHORTEST", "People", "Person", "SignIn", "SignIns"]
