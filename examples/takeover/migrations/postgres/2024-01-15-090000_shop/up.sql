CREATE TABLE members (
    id UUID PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL DEFAULT 'reader' CHECK (role IN ('reader', 'editor', 'admin')),
    settings JSONB NOT NULL DEFAULT '{}'
);
CREATE TABLE topics (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
CREATE TABLE authors (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL
);
CREATE TABLE books (
    id UUID PRIMARY KEY,
    topic_id INTEGER NOT NULL REFERENCES topics,
    title TEXT NOT NULL,
    price NUMERIC(10, 2) NOT NULL,
    status TEXT NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'on_sale', 'sold_out')),
    blurb TEXT,
    created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE book_authors (
    book_id UUID NOT NULL REFERENCES books ON DELETE CASCADE,
    author_id INTEGER NOT NULL REFERENCES authors,
    PRIMARY KEY (book_id, author_id)
);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    member_id UUID NOT NULL REFERENCES members,
    note TEXT
);
CREATE TABLE order_lines (
    order_id INTEGER NOT NULL REFERENCES orders ON DELETE CASCADE,
    line INTEGER NOT NULL,
    book_id UUID NOT NULL REFERENCES books,
    copies INTEGER NOT NULL,
    price NUMERIC(10, 2) NOT NULL,
    PRIMARY KEY (order_id, line)
);
