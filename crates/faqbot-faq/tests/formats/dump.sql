CREATE TABLE `faq` (`id` int, `question` text, `answer` text, `status` varchar(9));
INSERT INTO `faq` VALUES (1,'Do you bake rye?','Every day; it''s dark.','live'),
(2,'Do you bake spelt?','Soon.','draft');
