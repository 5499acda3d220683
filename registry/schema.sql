-- SPDX-License-Identifier: GPL-2.0-or-later
--
-- The registry in MariaDB (10.2 and later) or MySQL (5.7 and later): docs/mysql.md. Load it into a database of your choice:
--
--     mariadb DATABASE <schema.sql
--
-- Doing that again changes nothing that is there. For a table of another name replace usher_users everywhere.

-- One row a user. A column is an attribute of its own name: add those that your users have, as
--     ALTER TABLE usher_users ADD COLUMN `domain-name-servers` VARCHAR(255);
-- NULL is no such attribute, '' leaves what the server says. Columns that begin with an underscore are not read.
CREATE TABLE IF NOT EXISTS usher_users (
	user_no     INT UNSIGNED NOT NULL AUTO_INCREMENT,
	type        VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'HW_ADDR',
	-- hex digits, ':' anywhere or nowhere
	id          VARCHAR(767) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	bootfile    VARCHAR(255),
	tftp_server VARCHAR(255),
	subnet      VARCHAR(64),
	-- an object of further attributes, all of them strings; one given here counts more than a column of its name
	attributes  JSON,
	-- the same id written in two ways is the same user
	_id         VARCHAR(510) CHARACTER SET ascii COLLATE ascii_bin AS (LOWER(REPLACE(id, ':', ''))) STORED,
	PRIMARY KEY (user_no),
	UNIQUE KEY (type, _id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;

-- One row for every row of users that was inserted, updated or deleted: which, and the id that it had. usher reads
-- this to know which users to read. Written by the triggers below; old rows may be deleted (docs/mysql.md).
CREATE TABLE IF NOT EXISTS usher_users_changes (
	change_no   BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
	user_no     INT UNSIGNED NOT NULL,
	type        VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin,
	id          VARCHAR(767) CHARACTER SET ascii COLLATE ascii_bin,
	made_at     TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
	PRIMARY KEY (change_no)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;

DROP TRIGGER IF EXISTS usher_users_inserted;
CREATE TRIGGER usher_users_inserted AFTER INSERT ON usher_users FOR EACH ROW
	INSERT INTO usher_users_changes (user_no) VALUES (NEW.user_no);

DROP TRIGGER IF EXISTS usher_users_updated;
CREATE TRIGGER usher_users_updated AFTER UPDATE ON usher_users FOR EACH ROW
	INSERT INTO usher_users_changes (user_no, type, id)
		SELECT OLD.user_no, OLD.type, OLD.id
		UNION ALL SELECT NEW.user_no, NULL, NULL FROM DUAL WHERE NEW.user_no <> OLD.user_no;

DROP TRIGGER IF EXISTS usher_users_deleted;
CREATE TRIGGER usher_users_deleted AFTER DELETE ON usher_users FOR EACH ROW
	INSERT INTO usher_users_changes (user_no, type, id) VALUES (OLD.user_no, OLD.type, OLD.id);
