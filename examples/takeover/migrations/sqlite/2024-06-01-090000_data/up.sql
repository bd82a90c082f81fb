INSERT INTO members (id, email, role, settings) VALUES
    ('0a000000-0000-4000-8000-000000000001', 'ann@example.org', 'editor', '{"theme": "dark"}'),
    ('0a000000-0000-4000-8000-000000000002', 'bob@example.org', 'reader', '{}');
INSERT INTO topics (id, name) VALUES (1, 'Rust'), (2, 'Databases');
INSERT INTO authors (id, name) VALUES (1, 'Ada'), (2, 'Grace');
INSERT INTO books (id, topic_id, title, price, status, blurb) VALUES
    ('0b000000-0000-4000-8000-000000000001', 1, 'Ownership', 29.50, 'on_sale', 'Who owns what'),
    ('0b000000-0000-4000-8000-000000000002', 1, 'Lifetimes', 19.00, 'on_sale', NULL),
    ('0b000000-0000-4000-8000-000000000003', 2, 'Triggers', 24.95, 'draft', NULL);
INSERT INTO book_authors (book_id, author_id) VALUES
    ('0b000000-0000-4000-8000-000000000001', 1),
    ('0b000000-0000-4000-8000-000000000001', 2),
    ('0b000000-0000-4000-8000-000000000002', 2);
INSERT INTO orders (id, member_id, note) VALUES (1, '0a000000-0000-4000-8000-000000000002', 'as a gift');
INSERT INTO order_lines (order_id, line, book_id, copies, price) VALUES
    (1, 1, '0b000000-0000-4000-8000-000000000001', 1, 29.50),
    (1, 2, '0b000000-0000-4000-8000-000000000002', 2, 19.00);
