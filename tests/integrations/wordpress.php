<?php
/**
 * As much of WordPress as the plugin touches, over real HTTP.
 *
 *     php wordpress.php PLUGIN SETTINGS PAGE what…
 *
 * SETTINGS is JSON; each ``what`` (form, widget, page, sanitize:JSON) is printed as one member of a JSON object.
 */

const ABSPATH = '/nowhere/', HOUR_IN_SECONDS = 3600;
[, $plugin, $settings, $page] = $argv;
$GLOBALS['options'] = array('engagement_comments' => json_decode($settings, true));
foreach (array('hooks', 'scripts', 'errors', 'transients', 'asked') as $name) { $GLOBALS[$name] = array(); }
$_SERVER['REMOTE_ADDR'] = '203.0.113.9';

function add_filter($name, $call) { $GLOBALS['hooks'][$name][] = $call; }
function add_action($name, $call) { add_filter($name, $call); }
function apply_filters($name, $value, ...$more) {
    foreach ($GLOBALS['hooks'][$name] ?? array() as $call) { $value = $call($value, ...$more); }
    return $value;
}
function do_action($name, ...$more) { foreach ($GLOBALS['hooks'][$name] ?? array() as $call) { $call(...$more); } }
function register_uninstall_hook($file, $call) {}
function register_setting($group, $name, $about) { $GLOBALS['sanitize'] = $about['sanitize_callback']; }
function add_settings_error($group, $code, $message) { $GLOBALS['errors'][] = $message; }
function add_options_page(...$about) { $GLOBALS['page'] = $about; }
function current_user_can($what) { return $what === 'manage_options'; }
function settings_fields($group) { echo '<input type="hidden" name="_wpnonce" value="n">'; }
function submit_button() { echo '<button type="submit">Salva</button>'; }
function checked($one, $two, $print) { return $one === $two ? " checked='checked'" : ''; }
function get_option($name, $default) { return $GLOBALS['options'][$name] ?? $default; }
function get_permalink($post = null) { return $GLOBALS['argv'][3]; }
function determine_locale() { return getenv('WP_LOCALE') ?: 'it_IT'; }
function esc_attr($text) { return htmlspecialchars((string) $text, ENT_QUOTES); }
function esc_html($text) { return esc_attr($text); }
function esc_url_raw($url, $schemes = array('http', 'https')) {
    return in_array(parse_url($url, PHP_URL_SCHEME), $schemes, true) ? str_replace(array('"', '<', '>', ' '), '', $url) : '';
}
function esc_url($url) { return str_replace(array('&', "'"), array('&#038;', '&#039;'), esc_url_raw($url)); }
function untrailingslashit($text) { return rtrim($text, '/'); }
function wp_parse_url($url, $part) { return parse_url($url, $part); }
function wp_enqueue_script(...$about) { $GLOBALS['scripts'][] = $about[1]; }
function get_transient($key) { return $GLOBALS['transients'][$key] ?? false; }
function set_transient($key, $value, $seconds) { $GLOBALS['transients'][$key] = $value; }
function wp_remote_get($url, $about) {
    $lines = array();
    foreach ($about['headers'] as $name => $value) { $lines[] = "$name: $value"; }
    $http = array('header' => implode("\r\n", $lines), 'timeout' => $about['timeout'], 'ignore_errors' => true);
    $body = @file_get_contents($url, false, stream_context_create(array('http' => $http)));
    if ($body === false) { return null; }
    preg_match('/ (\d{3})/', $http_response_header[0], $status);
    $headers = array();
    foreach ($http_response_header as $line) {
        [$name, $value] = explode(':', $line, 2) + array(1 => '');
        $headers[strtolower($name)] = trim($value);
    }
    $GLOBALS['asked'][] = array((int) $status[1], $about['headers']);
    return array('status' => (int) $status[1], 'headers' => $headers, 'body' => $body);
}
function wp_remote_retrieve_response_code($answer) { return $answer ? $answer['status'] : ''; }
function wp_remote_retrieve_header($answer, $name) { return $answer['headers'][$name] ?? ''; }
function wp_remote_retrieve_body($answer) { return $answer['body']; }

/** What comment_form() prints, in its order. */
function comment_form($post) {
    $about = apply_filters('comment_form_defaults', array('action' => 'https://blog.example/wp-comments-post.php'));
    do_action('comment_form_before');
    printf('<form action="%s" method="post" id="commentform">', $about['action']);
    do_action('comment_form', $post);
    echo '</form>';
}

function printed($call) { ob_start(); $call(); return ob_get_clean(); }

require $plugin;
do_action('admin_init');
do_action('admin_menu');
$found = array();
foreach (array_slice($argv, 4) as $what) {
    if ($what === 'form') {
        $found[] = printed(function () { comment_form(42); });
    } elseif ($what === 'widget') {
        $found[] = printed(function () { $file = apply_filters('comments_template', ''); if ($file) { require $file; } });
    } elseif ($what === 'page') {
        $found[] = printed($GLOBALS['page'][4]);
    } elseif ($what === 'native') {
        $found[] = apply_filters('comments_array', array('one'), 42);
    } else {
        $found[] = $GLOBALS['sanitize'](json_decode(substr($what, 9), true));
    }
}
echo json_encode(array('found' => $found, 'scripts' => $GLOBALS['scripts'], 'errors' => $GLOBALS['errors'], 'asked' => $GLOBALS['asked']));
