<?php
/** In place of the theme's comments template, which WordPress wants as a file. */

if (!defined('ABSPATH')) {
    exit;
}

engagement_comments_print(true);
