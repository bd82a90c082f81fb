DROP TABLE order_lines;
DROP TABLE orders;
DROP TABLE book_authors;
DROP TABLE books;
DROP TABLE authors;
DROP TABLE topics;
DROP TABLE members;
