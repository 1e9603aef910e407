<?php
/**
 * Plugin Name:       Engagement Comments
 * Description:       Readers' comments are taken, screened and shown by your own Engagement service.
 * Version:           0.1.0
 * Requires at least: 6.1
 * Requires PHP:      7.4
 * License:           MIT
 * Text Domain:       engagement-comments
 */

if (!defined('ABSPATH')) {
    exit;
}

add_action('admin_init', 'engagement_comments_register');
add_action('admin_menu', 'engagement_comments_menu');
add_filter('comment_form_defaults', 'engagement_comments_action');
add_action('comment_form', 'engagement_comments_fields');
add_action('comment_form_before', 'engagement_comments_before_form');
add_filter('comments_array', 'engagement_comments_native');
add_filter('comments_template', 'engagement_comments_template');
register_uninstall_hook(__FILE__, 'engagement_comments_uninstall');

/** The settings: ``address`` without a slash at its end, ``site``, ``mode`` ("form" or "widget"). */
function engagement_comments_settings(): array
{
    $kept = get_option('engagement_comments', array());
    $kept = is_array($kept) ? $kept : array();
    return array_merge(array('address' => '', 'site' => '', 'mode' => 'form'), $kept);
}

/** Until address and site are known, everything stays as WordPress has it. */
function engagement_comments_ready(string $mode): bool
{
    $settings = engagement_comments_settings();
    return $settings['address'] !== '' && $settings['site'] !== '' && $settings['mode'] === $mode;
}

/** An address of the service; ``$query`` is encoded here. */
function engagement_comments_url(string $path, array $query = array()): string
{
    $settings = engagement_comments_settings();
    $url = $settings['address'] . '/sites/' . rawurlencode($settings['site']) . $path;
    return $query ? $url . '?' . http_build_query($query, '', '&', PHP_QUERY_RFC3986) : $url;
}

/** The theme's own form is sent to the service; nothing else of it changes. */
function engagement_comments_action(array $defaults): array
{
    if (engagement_comments_ready('form')) {
        $defaults['action'] = esc_url(engagement_comments_url('/wp-comments-post.php'));
    }
    return $defaults;
}

/** Across origins a browser does not tell which article the form stands under, so the form says it. */
function engagement_comments_fields($post_id): void
{
    if (engagement_comments_ready('form')) {
        printf('<input type="hidden" name="page_url" value="%s">', esc_attr(get_permalink($post_id)));
    }
}

/** Above the theme's form: the thread that the service keeps. */
function engagement_comments_before_form(): void
{
    if (engagement_comments_ready('form')) {
        engagement_comments_print(false);
    }
}

/** The comments in WordPress's own database are not shown a second time; import them into the service. */
function engagement_comments_native($comments)
{
    return engagement_comments_ready('form') ? array() : $comments;
}

/** Instead of the theme's template: the thread and the form of the service. */
function engagement_comments_template($template)
{
    return engagement_comments_ready('widget') ? __DIR__ . '/thread.php' : $template;
}

/** Thread, and form where it is wanted. Without the service a link leads to it. */
function engagement_comments_print(bool $form): void
{
    $page = get_permalink();
    $html = engagement_comments_fetch($page, $form);
    echo '<div id="comments" class="engagement-comments">';
    if ($html !== '') {
        // Whole HTML, escaped by the service that this site's owner runs; a filter here would take the form away.
        echo $html; // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped
    } else {
        $thread = engagement_comments_url('/thread', array('page_url' => $page));
        printf('<p><a href="%s">%s</a></p>', esc_url($thread), esc_html(engagement_comments_say('read')));
    }
    echo '</div>';
    if ($form) {
        $script = engagement_comments_settings()['address'] . '/embed.js';
        wp_enqueue_script('engagement-embed', esc_url_raw($script), array(), null, true);
    }
}

/** The thread as HTML, or "". What has not changed is asked for, but not sent again, and stands in when nobody answers. */
function engagement_comments_fetch(string $page, bool $form): string
{
    $query = array('page_url' => $page, 'fragment' => '1') + ($form ? array() : array('form' => '0'));
    $url = engagement_comments_url('/thread', $query);
    $key = 'engagement_' . md5($url);
    $kept = get_transient($key);
    $kept = is_array($kept) && !$form ? $kept : array('tag' => '', 'html' => '');
    $headers = array('X-Forwarded-For' => isset($_SERVER['REMOTE_ADDR']) ? (string) $_SERVER['REMOTE_ADDR'] : '');
    if ($kept['tag'] !== '') {
        $headers['If-None-Match'] = $kept['tag'];
    }
    $answer = wp_remote_get($url, array('timeout' => 2, 'headers' => $headers));
    $status = wp_remote_retrieve_response_code($answer);
    if ($status === 200) {
        $kept = array(
            'tag' => (string) wp_remote_retrieve_header($answer, 'etag'),
            'html' => (string) wp_remote_retrieve_body($answer),
        );
        if (!$form && $kept['tag'] !== '') {
            set_transient($key, $kept, HOUR_IN_SECONDS);
        }
    } elseif ($status !== 304 && $status !== 0 && $status !== '' && $status < 500) {
        return ''; // refused: an old copy would hide it
    }
    return $kept['html'];
}

function engagement_comments_register(): void
{
    $about = array('type' => 'array', 'sanitize_callback' => 'engagement_comments_sanitize', 'default' => array());
    register_setting('engagement_comments', 'engagement_comments', $about);
}

/** What the settings page sent, made safe; a wrong field is told and the former value stays. */
function engagement_comments_sanitize($sent): array
{
    $kept = engagement_comments_settings();
    $sent = is_array($sent) ? $sent : array();
    $address = untrailingslashit(esc_url_raw(trim((string) ($sent['address'] ?? '')), array('https', 'http')));
    if (!wp_parse_url($address, PHP_URL_HOST)) {
        add_settings_error('engagement_comments', 'address', engagement_comments_say('bad_address'));
    } else {
        $kept['address'] = $address;
    }
    $site = trim((string) ($sent['site'] ?? ''));
    if (!preg_match('/^[a-z0-9][a-z0-9-]{0,39}$/D', $site)) {
        add_settings_error('engagement_comments', 'site', engagement_comments_say('bad_site'));
    } else {
        $kept['site'] = $site;
    }
    $kept['mode'] = ($sent['mode'] ?? '') === 'widget' ? 'widget' : 'form';
    return $kept;
}

function engagement_comments_menu(): void
{
    $name = 'Engagement';
    add_options_page($name, $name, 'manage_options', 'engagement-comments', 'engagement_comments_page');
}

function engagement_comments_page(): void
{
    if (!current_user_can('manage_options')) {
        return;
    }
    $settings = engagement_comments_settings();
    echo '<div class="wrap"><h1>Engagement</h1><form action="options.php" method="post">';
    settings_fields('engagement_comments');
    echo '<table class="form-table" role="presentation">';
    foreach (array('address' => 'url', 'site' => 'text') as $name => $type) {
        printf(
            '<tr><th scope="row"><label for="engagement-%1$s">%2$s</label></th><td><input class="regular-text" '
            . 'type="%3$s" id="engagement-%1$s" name="engagement_comments[%1$s]" value="%4$s" required></td></tr>',
            esc_attr($name),
            esc_html(engagement_comments_say($name)),
            esc_attr($type),
            esc_attr($settings[$name])
        );
    }
    printf('<tr><th scope="row">%s</th><td><fieldset>', esc_html(engagement_comments_say('mode')));
    foreach (array('form', 'widget') as $mode) {
        printf(
            '<label><input type="radio" name="engagement_comments[mode]" value="%s"%s> %s</label><br>',
            esc_attr($mode),
            checked($settings['mode'], $mode, false),
            esc_html(engagement_comments_say('mode_' . $mode))
        );
    }
    echo '</fieldset></td></tr></table>';
    submit_button();
    echo '</form></div>';
}

function engagement_comments_uninstall(): void
{
    delete_option('engagement_comments');
}

/** A sentence in the language of the site: Italian, else English. */
function engagement_comments_say(string $name): string
{
    $said = array(
        'read' => array('Leggi i commenti e scrivi il tuo', 'Read the comments and write yours'),
        'address' => array('Indirizzo del servizio', 'Address of the service'),
        'site' => array('Chiave del sito', 'Site key'),
        'mode' => array('Commenti', 'Comments'),
        'mode_form' => array('Il modulo del tema, inviato al servizio', 'The theme\'s form, sent to the service'),
        'mode_widget' => array('Il modulo del servizio al suo posto', 'The service\'s own form in its place'),
        'bad_address' => array(
            'L\'indirizzo del servizio ha la forma https://commenti.example.',
            'The address of the service looks like https://comments.example.',
        ),
        'bad_site' => array(
            'La chiave del sito è fatta di lettere minuscole, cifre e trattini.',
            'The site key is made of small letters, digits and dashes.',
        ),
    );
    return $said[$name][strpos(determine_locale(), 'it') === 0 ? 0 : 1];
}
