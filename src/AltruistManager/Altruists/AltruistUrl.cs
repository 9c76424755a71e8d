using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace AltruistManager.Altruists;

/// <summary>The one parser of provider URLs: what is checked at registration is what is stored, probed and published.</summary>
public static class AltruistUrl
{
    /// <param name="Url">Normalised: lower-case scheme, punycode host or canonical address, no default port, no trailing slash, plain characters unescaped.</param>
    /// <param name="Error">What is wrong with it, for the one who sent it; null when nothing is.</param>
    /// <param name="Literal">The address, when the host is one in any notation; null for a name.</param>
    public readonly record struct Parsed(string Url, string? Error, IPAddress? Literal);

    /// <param name="text">As the provider wrote it.</param>
    /// <param name="secureScheme"><c>https</c>, or <c>wss</c> for a WebSocket.</param>
    /// <param name="plainScheme"><c>http</c> or <c>ws</c>, taken only when <paramref name="allowPlain"/>.</param>
    public static Parsed Parse(string? text, string secureScheme, string plainScheme, bool allowPlain)
    {
        text = text?.Trim();
        if (string.IsNullOrEmpty(text))
            return Wrong("is not an absolute URL");
        if (text.Length > 2048)
            return Wrong("is longer than 2048 characters");
        // What one parser drops or turns into a slash, another one keeps.
        if (text.Any(character => character == '\\' || char.IsWhiteSpace(character) || char.IsControl(character)))
            return Wrong("must not hold spaces, backslashes or control characters");
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || !text.Contains("://", StringComparison.Ordinal))
            return Wrong("is not an absolute URL");
        if (uri.Scheme != secureScheme && uri.Scheme != plainScheme)
            return Wrong($"must start with {secureScheme}://");
        if (uri.Scheme == plainScheme && !allowPlain)
            return Wrong($"must start with {secureScheme}:// ({plainScheme} is not allowed here)");
        if (uri.UserInfo.Length > 0 || Authority(text).Contains('@', StringComparison.Ordinal))
            return Wrong("must not hold a user name or password: use auth");
        if (text.Contains('#', StringComparison.Ordinal))
            return Wrong("must not have a fragment");
        if (uri.Port == 0)
            return Wrong("has no usable port");
        if (Host(uri) is not var (host, literal))
            return Wrong("has no valid host");

        var port = uri.IsDefaultPort ? "" : $":{uri.Port}";
        var query = uri.Query.Length > 1 ? Unescape(uri.Query) : "";
        var path = Unescape(uri.AbsolutePath);
        if (query.Length == 0)
            path = path.TrimEnd('/');
        return new Parsed($"{uri.Scheme}://{host}{port}{path}{query}", null, literal);

        static Parsed Wrong(string error) => new("", error, null);
    }

    /// <summary>The URL that is probed and published: a chain's path behind the URL's own, before its query.</summary>
    public static string WithPath(string url, string path)
    {
        if (path.Length == 0)
            return url;
        var query = url.IndexOf('?');
        var (front, rest) = query < 0 ? (url, "") : (url[..query], url[query..]);
        return $"{front.TrimEnd('/')}/{path.TrimStart('/')}{rest}";
    }

    /// <summary>Host and a short tail, for those who may not see the whole: <c>eth1.acme.example/…a1b2</c>.</summary>
    public static string Redact(string url)
    {
        if (url.Length == 0)
            return "";
        var uri = new Uri(url);
        var rest = uri.PathAndQuery.Trim('/');
        return rest.Length == 0 ? uri.Authority : $"{uri.Authority}/…{(rest.Length > 8 ? rest[^4..] : "")}";
    }

    /// <summary>The host as it is resolved and shown: an address in its one usual notation, a name in punycode and lower case without the root's dot.</summary>
    private static (string Host, IPAddress? Literal)? Host(Uri uri)
    {
        var host = uri.IdnHost.ToLowerInvariant().TrimEnd('.');
        if (host.Length == 0 || host.Length > 253)
            return null;

        var bare = host.Trim('[', ']');
        if (bare.Contains(':', StringComparison.Ordinal))
        {
            // A scope names an interface of the prober's own machine.
            return !bare.Contains('%', StringComparison.Ordinal) && IPAddress.TryParse(bare, out var six) && six is { AddressFamily: AddressFamily.InterNetworkV6, ScopeId: 0 }
                ? ($"[{six}]", six)
                : null;
        }

        // 127.1, 0x7f000001, 2130706433 and 0177.0.0.1 are addresses to every resolver.
        if (IPAddress.TryParse(bare, out var four))
            return (four.ToString(), four);

        // A name whose last label is a number is an address that somebody else's parser may read.
        var labels = bare.Split('.');
        return labels.All(IsLabel) && !IsNumber(labels[^1]) ? (bare, null) : null;
    }

    private static bool IsLabel(string label) =>
        label.Length is > 0 and <= 63 && label[0] != '-' && label[^1] != '-' && label.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_');

    private static bool IsNumber(string label) =>
        label.All(char.IsAsciiDigit) || (label.StartsWith("0x", StringComparison.Ordinal) && label.Skip(2).All(char.IsAsciiHexDigit));

    /// <summary>%41 is A, and %2f is %2F (RFC 3986, 6.2.2): the same place written twice is one.</summary>
    private static string Unescape(string text)
    {
        if (!text.Contains('%', StringComparison.Ordinal))
            return text;

        var plain = new StringBuilder(text.Length);
        for (var index = 0; index < text.Length; index++)
        {
            if (text[index] != '%' || index + 2 >= text.Length || !byte.TryParse(text.AsSpan(index + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
            {
                plain.Append(text[index]);
                continue;
            }

            var character = (char)value;
            if (char.IsAsciiLetterOrDigit(character) || character is '-' or '.' or '_' or '~')
                plain.Append(character);
            else
                plain.Append('%').Append(value.ToString("X2", CultureInfo.InvariantCulture));
            index += 2;
        }

        return plain.ToString();
    }

    private static string Authority(string text)
    {
        var start = text.IndexOf("://", StringComparison.Ordinal) + 3;
        var end = text.AsSpan(start).IndexOfAny("/?#");
        return end < 0 ? text[start..] : text.Substring(start, end);
    }
}
