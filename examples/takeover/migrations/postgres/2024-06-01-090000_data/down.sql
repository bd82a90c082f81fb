DELETE FROM order_lines;
DELETE FROM orders;
DELETE FROM book_authors;
DELETE FROM books;
DELETE FROM authors;
DELETE FROM topics;
DELETE FROM members;
