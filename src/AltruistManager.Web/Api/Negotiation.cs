using AltruistManager.Selection;

namespace AltruistManager.Web.Api;

/// <summary>What a caller already has, and which compression it takes.</summary>
internal static class Negotiation
{
    /// <summary>One tag, a list of them, weak or strong, or <c>*</c>. Tags are hashes in quotes: one that occurs in the text is in the list.</summary>
    public static bool Has(HttpRequest request, string tag)
    {
        foreach (var value in request.Headers.IfNoneMatch)
        {
            if (value is not null && (value.Contains(tag, StringComparison.Ordinal) || value.AsSpan().Trim() is "*"))
                return true;
        }

        return false;
    }

    /// <summary>The one that saves most of those the caller takes.</summary>
    public static BodyCoding CodingFor(HttpRequest request) =>
        request.Headers.AcceptEncoding.Count == 0 ? BodyCoding.Plain
        : Takes(request, "br") ? BodyCoding.Brotli
        : Takes(request, "gzip") ? BodyCoding.Gzip
        : BodyCoding.Plain;

    public static bool Takes(HttpRequest request, string coding) =>
        request.GetTypedHeaders().AcceptEncoding.Any(accepted => accepted.Value.Equals(coding, StringComparison.OrdinalIgnoreCase) && accepted.Quality is not 0);
}
