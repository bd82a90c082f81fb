CREATE TABLE members (
    id TEXT PRIMARY KEY NOT NULL, -- a UUID
    email TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL DEFAULT 'reader' CHECK (role IN ('reader', 'editor', 'admin')),
    settings TEXT NOT NULL DEFAULT '{}' -- JSON
);
CREATE TABLE topics (
    id INTEGER PRIMARY KEY NOT NULL,
    name TEXT NOT NULL UNIQUE
);
CREATE TABLE authors (
    id INTEGER PRIMARY KEY NOT NULL,
    name TEXT NOT NULL
);
CREATE TABLE books (
    id TEXT PRIMARY KEY NOT NULL, -- a UUID
    topic_id INTEGER NOT NULL REFERENCES topics,
    title TEXT NOT NULL,
    price NUMERIC NOT NULL,
    status TEXT NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'on_sale', 'sold_out')),
    blurb TEXT,
    created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE book_authors (
    book_id TEXT NOT NULL REFERENCES books ON DELETE CASCADE,
    author_id INTEGER NOT NULL REFERENCES authors,
    PRIMARY KEY (book_id, author_id)
);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY NOT NULL,
    member_id TEXT NOT NULL REFERENCES members,
    note TEXT
);
CREATE TABLE order_lines (
    order_id INTEGER NOT NULL REFERENCES orders ON DELETE CASCADE,
    line INTEGER NOT NULL,
    book_id TEXT NOT NULL REFERENCES books,
    copies INTEGER NOT NULL,
    price NUMERIC NOT NULL,
    PRIMARY KEY (order_id, line)
);
