using System.Net.Http.Headers;

namespace AltruistManager.Client;

/// <summary>What of the caller's request goes to no altruist, to be put back before the request is seen again. Costs no memory where the caller gave no such header.</summary>
internal readonly struct OwnHeaders(Uri? address, HeaderStringValues authorization, HeaderStringValues host)
{
    private const string Authorization = "Authorization";
    private const string Host = "Host";

    public static OwnHeaders TakeOff(HttpRequestMessage request) => new(request.RequestUri, TakeOff(request, Authorization), TakeOff(request, Host));

    /// <summary>As it was given, whether or not it is of the form of that header.</summary>
    public static HeaderStringValues TakeOff(HttpRequestMessage request, string name)
    {
        if (request.Headers.NonValidated.TryGetValues(name, out var values))
            request.Headers.Remove(name);
        return values;
    }

    public static void PutOn(HttpRequestMessage request, string name, HeaderStringValues values)
    {
        if (values.Count > 0)
            request.Headers.TryAddWithoutValidation(name, values);
    }

    public void PutOn(HttpRequestMessage request)
    {
        request.RequestUri = address;
        PutOn(request, Authorization, authorization);
        PutOn(request, Host, host);
    }
}
