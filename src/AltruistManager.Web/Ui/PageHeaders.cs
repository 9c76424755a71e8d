namespace AltruistManager.Web.Ui;

/// <summary>What a browser may do on a page.</summary>
internal static class PageHeaders
{
    /// <summary>Show it, load our style sheet and pictures, send a form back to us, and nothing else.</summary>
    public const string OfPages = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

    /// <summary>
    /// Also run our scripts and talk to us. Charts and grids place their parts by style attributes, which the server makes; no markup of ours holds text of a
    /// user as one. The base is ours: the script finds its connection by it.
    /// </summary>
    public const string OfConsoles =
        "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
        + "form-action 'self'; frame-ancestors 'none'; base-uri 'self'";

    /// <param name="isPrivate">It may show what is for one person alone: then no browser keeps it, on disk or for the way back to it.</param>
    public static void Set(IHeaderDictionary headers, bool isConsole, bool isPrivate)
    {
        headers.ContentSecurityPolicy = isConsole ? OfConsoles : OfPages;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()";
        headers.CacheControl = isPrivate ? "no-store" : "private, no-cache";
    }
}
