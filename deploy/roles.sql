-- The three roles and the database. Run once as a superuser; the passwords come from the environment:
--   OWNER_PASSWORD=… APP_PASSWORD=… AUDITOR_PASSWORD=… psql -v ON_ERROR_STOP=1 -f roles.sql
\getenv owner OWNER_PASSWORD
\getenv app APP_PASSWORD
\getenv auditor AUDITOR_PASSWORD
CREATE ROLE gatehouse_owner LOGIN PASSWORD :'owner';
CREATE ROLE gatehouse_app LOGIN PASSWORD :'app';
CREATE ROLE gatehouse_auditor LOGIN PASSWORD :'auditor';
CREATE DATABASE gatehouse OWNER gatehouse_owner;
