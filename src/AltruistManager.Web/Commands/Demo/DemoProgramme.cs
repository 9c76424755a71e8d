namespace AltruistManager.Web.Commands.Demo;

/// <summary>What a newcomer needs to know, in one screen.</summary>
internal static class DemoProgramme
{
    public const string StaffEmail = "staff@demo.example";
    public const string ProviderEmail = "provider@demo.example";

    public static string Text(Uri address, string folder, string staffKey, string providerKey, string portalKey, string password)
    {
        var root = address.AbsoluteUri.TrimEnd('/');
        var networks = DemoCast.Chains.DistinctBy(chain => chain.Network).Count();
        return $"""
            Altruist Manager demo: {DemoCast.Chains.Length} chains on {networks} simulated networks, {DemoCast.Regions.Length} regions, {DemoCast.Providers.Length} providers, {DemoCast.Altruists.Length} altruists.
            A round every 10 s, some nodes fail and recover by themselves. Ctrl-C ends it and leaves nothing behind.

              pages         {root}/
              API           {root}/api/v1
              description   {root}/openapi/v1.json
              folder        {folder}

              portal key    {portalKey}
              provider key  {providerKey}  ({DemoCast.Providers[0].Id})
              staff key     {staffKey}

              sign in       {root}/sign-in
              staff         {StaffEmail}
              provider      {ProviderEmail}  ({DemoCast.Providers[0].Id})
              password      {password}  (of both)

            try: curl -H 'Authorization: Bearer {portalKey}' '{root}/api/v1/selections/{DemoCast.Chain}?region={DemoCast.Region}'
            try: curl '{root}/api/v1/decisions?chain={DemoCast.Chain}&region={DemoCast.Region}&limit=3'
            try: curl '{root}/api/v1/altruists?chain={DemoCast.Chain}'
            try: curl -X POST -H 'Authorization: Bearer {staffKey}' '{root}/api/v1/rounds'

            """;
    }
}
