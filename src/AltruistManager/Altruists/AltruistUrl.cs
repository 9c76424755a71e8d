using System.Net;

namespace AltruistManager.Altruists;

/// <summary>The one parser of provider URLs: what is checked at registration is what is stored, probed and published.</summary>
public static class AltruistUrl
{
    /// <param name="Url">Normalised: lower-case scheme and punycode host, no default port, no trailing slash.</param>
    /// <param name="Error">What is wrong with it, for the one who sent it; null when nothing is.</param>
    /// <param name="Literal">The address, when the host is one in any notation; null for a name.</param>
    public readonly record struct Parsed(string Url, string? Error, IPAddress? Literal);

    /// <param name="text">As the provider wrote it.</param>
    /// <param name="secureScheme"><c>https</c>, or <c>wss</c> for a WebSocket.</param>
    /// <param name="plainScheme"><c>http</c> or <c>ws</c>, taken only when <paramref name="allowPlain"/>.</param>
    public static Parsed Parse(string? text, string secureScheme, string plainScheme, bool allowPlain)
    {
        if (string.IsNullOrWhiteSpace(text) || !Uri.TryCreate(text.Trim(), UriKind.Absolute, out var uri))
            return Wrong("is not an absolute URL");
        if (text.Length > 2048)
            return Wrong("is longer than 2048 characters");
        if (uri.Scheme != secureScheme && uri.Scheme != plainScheme)
            return Wrong($"must start with {secureScheme}://");
        if (uri.Scheme == plainScheme && !allowPlain)
            return Wrong($"must start with {secureScheme}:// ({plainScheme} is not allowed here)");
        if (uri.UserInfo.Length > 0 || text.Contains('@', StringComparison.Ordinal) && text.IndexOf('@') < Authority(text))
            return Wrong("must not hold a user name or password: use auth");
        if (uri.Fragment.Length > 0 || text.Contains('#', StringComparison.Ordinal))
            return Wrong("must not have a fragment");
        if (uri.Host.Length == 0 || uri.IdnHost.Length == 0)
            return Wrong("has no host");

        var host = uri.IdnHost.ToLowerInvariant().TrimEnd('.');
        if (host.Length == 0)
            return Wrong("has no host");
        var literal = IPAddress.TryParse(host.Trim('[', ']'), out var address) ? address : null;
        if (literal is { AddressFamily: System.Net.Sockets.AddressFamily.InterNetworkV6 })
            host = $"[{literal}]";
        var port = uri.IsDefaultPort ? "" : $":{uri.Port}";
        var path = uri.PathAndQuery.Contains('?', StringComparison.Ordinal) ? uri.PathAndQuery : uri.AbsolutePath.TrimEnd('/');
        return new Parsed($"{uri.Scheme}://{host}{port}{path}", null, literal);

        static Parsed Wrong(string error) => new("", error, null);
    }

    /// <summary>Host and a short tail, for those who may not see the whole: <c>eth1.acme.example/…a1b2</c>.</summary>
    public static string Redact(string url)
    {
        var uri = new Uri(url);
        var rest = uri.PathAndQuery.Trim('/');
        return rest.Length == 0 ? uri.Authority : $"{uri.Authority}/…{(rest.Length > 8 ? rest[^4..] : "")}";
    }

    private static int Authority(string text)
    {
        var start = text.IndexOf("://", StringComparison.Ordinal) + 3;
        var end = text.AsSpan(start).IndexOfAny("/?#");
        return end < 0 ? text.Length : start + end;
    }
}
