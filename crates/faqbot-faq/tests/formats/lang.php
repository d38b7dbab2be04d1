<?php
return [
    'faq' => [
        ['question' => 'Do you bake rye?', 'answer' => 'Every day.'],
        ['question' => __('Who brings it?', 'bakery'), 'answer' => "We\ndo."],
    ],
];
