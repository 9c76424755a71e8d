using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using AltruistManager.Altruists;

namespace AltruistManager.Probing;

/// <summary>
/// Takes the secrets of one endpoint out of what strangers say: its credentials and the parts of its URLs behind the host, in every notation in which gateways
/// repeat what they were sent. The one place for it: whatever leaves a probe as text went through here.
/// </summary>
internal sealed class Redactor
{
    /// <summary>A shorter part of a path is a word such as <c>rpc</c> or <c>mainnet</c>'s first half, and no secret.</summary>
    private const int ShortestPart = 6;

    /// <summary>So many characters of a secret in a row give it away.</summary>
    private const int Window = 8;

    /// <summary>So many characters of a secret at the end of a text may be the beginning of it, cut off.</summary>
    private const int ShortestTail = 4;

    /// <summary>No hash holds so many characters of a secret by chance.</summary>
    private const int NoCoincidence = 16;

    private const char Gap = '…';

    private readonly Altruist altruist;
    private string[]? secrets;
    private Notations? notations;

    /// <param name="altruist">With the endpoint that is asked.</param>
    public Redactor(Altruist altruist) => this.altruist = altruist;

    private string[] Secrets => secrets ??= SecretsOf(altruist);

    /// <summary>The text without what must not be told.</summary>
    public string Clean(string text) => text.Length == 0 || Secrets.Length == 0 ? text : (notations ??= new Notations(Secrets)).Cut(text);

    /// <summary>
    /// The same for everything in a result that a stranger may have put there. The identity that was expected is told as it is, whatever the URL says: nodes of
    /// <c>osmosis-1</c> live at <c>/osmosis</c>.
    /// </summary>
    public ProbeResult Clean(ProbeResult result) => Secrets.Length == 0 && (result.Identity is null || result.Identity == altruist.Network.Identity) ? result : result with
    {
        Detail = result.Detail is { } detail ? Clean(detail) : null,
        Identity = result.Identity is { } identity && identity != altruist.Network.Identity ? new Excerpts(this).Of(identity) : result.Identity,
        HeadHash = Hash(result.HeadHash),
        IntegrityHash = Hash(result.IntegrityHash),
    };

    /// <summary>Hashes are compared with those of others: only one that holds what is too long for a coincidence is cut.</summary>
    private string? Hash(string? value) =>
        value is not null && Array.Exists(Secrets, secret => secret.Length >= NoCoincidence && value.Contains(secret, StringComparison.OrdinalIgnoreCase)) ? Clean(value) : value;

    private static string[] SecretsOf(Altruist altruist)
    {
        if (altruist.Auth.Kind == AuthKind.None && !MayHoldSecret(altruist.Url) && altruist.Urls.Values.All(url => !MayHoldSecret(url)))
            return [];

        var found = new HashSet<string>(StringComparer.Ordinal);
        if (altruist.Auth is { Kind: not AuthKind.None } auth)
        {
            found.Add(auth.Secret);
            if (auth.Kind == AuthKind.Basic)
            {
                found.Add(Convert.ToBase64String(Encoding.UTF8.GetBytes($"{auth.Name}:{auth.Secret}")));
                found.Add($"{auth.Name}:{auth.Secret}");
            }
        }

        foreach (var url in altruist.Urls.Values.Append(altruist.Url))
        {
            var host = url.IndexOf("://", StringComparison.Ordinal) + 3;
            var path = url.AsSpan(host).IndexOfAny('/', '?');
            if (path < 0)
                continue;
            foreach (var part in url[(host + path)..].Split('/', '?', '&', '=').Where(part => part.Length >= ShortestPart))
            {
                found.Add(part);
                found.Add(Uri.UnescapeDataString(part));
            }
        }

        found.Remove("");
        return [.. found];
    }

    /// <summary>Most URLs have nothing behind the host that is long enough; asked with every probe.</summary>
    private static bool MayHoldSecret(string url)
    {
        var behindScheme = url.AsSpan(url.IndexOf("://", StringComparison.Ordinal) + 3);
        var host = behindScheme.IndexOfAny('/', '?');
        if (host < 0)
            return false;
        var length = 0;
        foreach (var character in behindScheme[host..])
        {
            length = character is '/' or '?' or '&' or '=' ? 0 : length + 1;
            if (length >= ShortestPart)
                return true;
        }

        return false;
    }

    /// <summary>Every secret in every notation, ready to be looked for.</summary>
    private sealed class Notations
    {
        private readonly string[] whole;
        private readonly HashSet<string> windows = new(StringComparer.OrdinalIgnoreCase);

        public Notations(string[] secrets)
        {
            whole = [.. secrets.SelectMany(Of).Distinct(StringComparer.Ordinal)];
            foreach (var secret in whole)
                for (var start = 0; start + Window <= secret.Length; start++)
                    windows.Add(secret.Substring(start, Window));
        }

        public string Cut(string text)
        {
            var secret = new bool[text.Length];
            var found = false;
            var lookup = windows.GetAlternateLookup<ReadOnlySpan<char>>();
            for (var start = 0; start + Window <= text.Length; start++)
                if (lookup.Contains(text.AsSpan(start, Window)))
                    Mark(start, Window);

            foreach (var form in whole)
            {
                if (form.Length < Window)
                {
                    for (var at = text.IndexOf(form, StringComparison.OrdinalIgnoreCase); at >= 0; at = text.IndexOf(form, at + form.Length, StringComparison.OrdinalIgnoreCase))
                        Mark(at, form.Length);
                }

                for (var length = Math.Min(Math.Min(form.Length, Window) - 1, text.Length); length >= ShortestTail; length--)
                {
                    if (!text.AsSpan(text.Length - length).Equals(form.AsSpan(0, length), StringComparison.OrdinalIgnoreCase))
                        continue;
                    Mark(text.Length - length, length);
                    break;
                }
            }

            if (!found)
                return text;
            var clean = new StringBuilder(text.Length);
            for (var at = 0; at < text.Length; at++)
            {
                if (!secret[at])
                    clean.Append(text[at]);
                else if (at == 0 || !secret[at - 1])
                    clean.Append(Gap);
            }

            return clean.ToString();

            void Mark(int start, int length)
            {
                secret.AsSpan(start, length).Fill(true);
                found = true;
            }
        }

        private static IEnumerable<string> Of(string secret)
        {
            var base64 = Convert.ToBase64String(Encoding.UTF8.GetBytes(secret));
            return
            [
                secret,
                Uri.EscapeDataString(secret),
                WebUtility.UrlEncode(secret),
                WebUtility.HtmlEncode(secret),
                JavaScriptEncoder.Default.Encode(secret),
                base64.TrimEnd('='),
                base64.TrimEnd('=').Replace('+', '-').Replace('/', '_'),
            ];
        }
    }
}
