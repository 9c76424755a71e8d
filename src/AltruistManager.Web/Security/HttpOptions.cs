namespace AltruistManager.Web.Security;

/// <summary>What stands between the service and its callers.</summary>
internal sealed class HttpOptions
{
    public const string Section = "Http";

    /// <summary>CIDRs of the reverse proxies whose word on the caller's address and scheme (<c>X-Forwarded-For</c>, <c>X-Forwarded-Proto</c>) is taken; nobody else's is.</summary>
    public string[] TrustedProxies { get; set; } = [];
}
